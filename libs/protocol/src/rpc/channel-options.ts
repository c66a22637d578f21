import type { ChannelOptions } from '@grpc/grpc-js';

/**
 * Largest message either side accepts, in bytes. A larger one ends its call with RESOURCE_EXHAUSTED before any
 * handler sees it; grpc's own default of 4 MiB is too small for a request with several open buffers.
 */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Set on every server of the project. */
export const SERVER_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.enable_channelz': 0,
};

/** Set on every client of the project. */
export const CLIENT_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.enable_channelz': 0,
  // The daemon is local: an http_proxy in the environment must never see a request.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // A daemon that was just started is worth trying again soon.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
};
