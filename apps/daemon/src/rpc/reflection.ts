import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { API_FILES, API_SERVICES, createReflectionPackage } from '@repoformer/protocol';

/** Adds server reflection, v1 and v1alpha, for the services of the API. */
export function addReflection(server: Server): void {
  const files = createReflectionPackage(API_FILES) as unknown;
  new ReflectionService(files as ConstructorParameters<typeof ReflectionService>[0], {
    services: API_SERVICES.map(({ typeName }) => typeName),
  }).addToServer(server);
}
