/** The bytes of an object are not what its name, its header or its pack say. */
export class CorruptObject extends Error {
  override readonly name = 'CorruptObject';
}

/** Reading the object would inflate more bytes than the caller allows. */
export class ObjectTooLarge extends Error {
  override readonly name = 'ObjectTooLarge';

  constructor(readonly sizeBytes: number) {
    super(`object of ${sizeBytes} bytes`);
  }
}
