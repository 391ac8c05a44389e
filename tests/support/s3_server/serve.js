// An S3 server on this machine that checks signatures, for tests: prints its port, serves until its standard
// input ends. Usage: node serve.js FOLDER BUCKET [conditional]. Keys: S3RVER / S3RVER. `conditional`: it knows
// `If-None-Match: *` of PUT, as Amazon's does and many others don't.
const { existsSync } = require('fs')
const { Readable } = require('stream')
const S3rver = require('@20minutes/s3rver')

const [directory, bucket, conditional] = process.argv.slice(2)
const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory,
  configureBuckets: [{ name: bucket }],
})

// One change at a time: the deletion of a folder's last object takes the folder, with what comes into it meanwhile.
let last = Promise.resolve()
function inTurn(change) {
  const done = last.then(change)
  last = done.catch(() => {})
  return done
}

// As S3 promises: an object is there as a whole or not at all, also when its upload is cut off.
server.middleware.unshift(async (ctx, next) => {
  if (ctx.method === 'GET' || ctx.method === 'HEAD') return next()
  if (ctx.method !== 'PUT') return inTurn(next)
  const pieces = []
  try {
    for await (const piece of ctx.req) pieces.push(piece)
  } catch {
    return // nobody waits for an answer
  }
  ctx.req = Readable.from([Buffer.concat(pieces)])
  return inTurn(async () => {
    const refuse = conditional && ctx.get('if-none-match') === '*'
    if (!refuse || !existsSync(`${directory}${decodeURIComponent(ctx.path)}._S3rver_object`)) return next()
    ctx.status = 412
  })
})

async function main() {
  await server.configureBuckets()
  const http = await server.listen(0, '127.0.0.1')
  console.log(http.address().port)
  process.stdin.on('end', () => process.exit(0)).resume()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
