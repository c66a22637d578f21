import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, DescService, Message } from '@bufbuild/protobuf';

/**
 * What a handler gets in place of a request that is no valid message: throwing inside grpc-js would end the
 * call with a status of its own making and without the ErrorInfo that every error carries.
 */
export class MalformedMessage {
  constructor(readonly cause: unknown) {}
}

function serializer(desc: DescMessage): (message: Message) => Buffer {
  return (message) => {
    const bytes = toBinary(desc, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function parser(desc: DescMessage): (bytes: Buffer) => Message {
  return (bytes) => fromBinary(desc, bytes);
}

function lenientParser(desc: DescMessage): (bytes: Buffer) => Message | MalformedMessage {
  return (bytes) => {
    try {
      return fromBinary(desc, bytes);
    } catch (error) {
      return new MalformedMessage(error);
    }
  };
}

/** The grpc-js form of one generated method. */
export function toMethodDefinition(
  method: DescMethod,
): MethodDefinition<Message | MalformedMessage, Message> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: serializer(method.input) as (message: Message | MalformedMessage) => Buffer,
    requestDeserialize: lenientParser(method.input),
    responseSerialize: serializer(method.output),
    responseDeserialize: parser(method.output),
    originalName: method.localName,
  };
}

/** The grpc-js form of a generated service. */
export function toServiceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method) => [method.localName, toMethodDefinition(method)]),
  ) as ServiceDefinition;
}
