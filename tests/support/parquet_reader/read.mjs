// Reads a Parquet file with a reader that shares no code with ours or with the engine's, and prints it as JSON: the
// columns, the row groups with their statistics, and every value as text that loses nothing.
// Usage: node read.mjs NODE_MODULES FILE
//
//   BOOLEAN true  integers 12  times: microseconds  dates: days  FLOAT, DOUBLE: the bits, in hexadecimal
//   texts as they are  bytes 0x00ff  NULL null
import { pathToFileURL } from 'node:url'

const [modules, file] = process.argv.slice(2)
const load = (path) => import(pathToFileURL(`${modules}/${path}`))
const { asyncBufferFromFile, parquetMetadataAsync, parquetRead } = await load('hyparquet/src/node.js')
const { compressors } = await load('hyparquet-compressors/src/index.js')

const exactly = (value) => value
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })  // statistics of bytes are given to it, too
const parsers = {
  timestampFromMilliseconds() { throw new Error('a timestamp in milliseconds') },
  timestampFromMicroseconds: exactly,
  timestampFromNanoseconds() { throw new Error('a timestamp in nanoseconds') },
  dateFromDays: exactly,
  stringFromBytes: (bytes) => bytes && decoder.decode(bytes),
  jsonFromBytes: (bytes) => bytes && decoder.decode(bytes),
}

const hex = (bytes) => Buffer.from(bytes).toString('hex')
function bits(value, bytes) {
  const buffer = Buffer.alloc(bytes)
  if (bytes === 4) buffer.writeFloatBE(value)
  else buffer.writeDoubleBE(value)
  return buffer.toString('hex')
}
function shown(value, type) {
  if (value === undefined || value === null) return null
  if (type === 'FLOAT') return bits(value, 4)
  if (type === 'DOUBLE') return bits(value, 8)
  return value instanceof Uint8Array ? '0x' + hex(value) : String(value)
}

const buffer = await asyncBufferFromFile(file)
const metadata = await parquetMetadataAsync(buffer, { parsers })
const columns = metadata.schema.slice(1)  // the first is the row
const types = columns.map((column) => column.type)

const groups = metadata.row_groups.map((group) => ({
  rows: Number(group.num_rows),
  columns: group.columns.map(({ meta_data: chunk }, i) => ({
    codec: chunk.codec,
    nulls: chunk.statistics?.null_count === undefined ? null : String(chunk.statistics.null_count),
    min: shown(chunk.statistics?.min_value, types[i]),
    max: shown(chunk.statistics?.max_value, types[i]),
  })),
}))

let rows = []
await parquetRead({ file: buffer, metadata, compressors, parsers, utf8: false, onComplete: (all) => { rows = all } })

console.log(JSON.stringify({
  columns: columns.map(({ name, type, converted_type, repetition_type, field_id }) =>
    ({ name, type, converted: converted_type ?? null, repetition: repetition_type, field_id: field_id ?? null })),
  groups,
  rows: rows.map((row) => row.map((value, i) => shown(value, types[i]))),
}))
