import { toBinary } from '@bufbuild/protobuf';
import type { DescFile } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** The shape that `@grpc/reflection` takes descriptors from. */
export interface ReflectionPackage {
  readonly [name: string]: { readonly fileDescriptorProtos: Buffer[] };
}

/** The files and all they import, each once, for the reflection service. */
export function createReflectionPackage(files: readonly DescFile[]): ReflectionPackage {
  const encoded = new Map<string, Buffer>();
  const visit = (file: DescFile): void => {
    if (encoded.has(file.proto.name)) return;
    encoded.set(file.proto.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
    file.dependencies.forEach(visit);
  };
  files.forEach(visit);
  return { repoformer: { fileDescriptorProtos: [...encoded.values()] } };
}
