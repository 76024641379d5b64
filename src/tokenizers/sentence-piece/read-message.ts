import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** How a field of a protobuf message is read, by its number. */
export type FieldReaders = Readonly<Record<number, FieldReader>>;

/** The wire type that a field must have, and what takes its value. */
export interface FieldReader {
  readonly wireType: WireType;
  readonly read: (reader: BinaryReader) => void;
}

/** Reads the fields of a message in the order of the file, and skips those without a reader. Throws a `RangeError`. */
export function readMessage(bytes: Uint8Array, fields: FieldReaders): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields[number];
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    if (wireType !== field.wireType)
      throw new RangeError(`field ${number} is of wire type ${wireType}, wanted ${field.wireType}`);
    field.read(reader);
    if (reader.pos > reader.len) throw new RangeError(`field ${number} ends after the message`);
  }
}

export const varint = (take: (value: number) => void): FieldReader => ({
  wireType: WireType.Varint,
  read: (reader) => take(reader.int32()),
});

export const flag = (take: (value: boolean) => void): FieldReader => ({
  wireType: WireType.Varint,
  read: (reader) => take(reader.bool()),
});

export const float = (take: (value: number) => void): FieldReader => ({
  wireType: WireType.Bit32,
  read: (reader) => take(reader.float()),
});

export const text = (take: (value: string) => void): FieldReader => ({
  wireType: WireType.LengthDelimited,
  read: (reader) => take(reader.string(true)),
});

export const bytes = (take: (value: Uint8Array) => void): FieldReader => ({
  wireType: WireType.LengthDelimited,
  read: (reader) => take(reader.bytes()),
});
