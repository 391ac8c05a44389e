// An S3 server on this machine that checks signatures, for tests: prints its port, serves until its standard
// input ends. Usage: node serve.js FOLDER BUCKET. Keys: S3RVER / S3RVER.
const S3rver = require('@20minutes/s3rver')

const [directory, bucket] = process.argv.slice(2)
const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory,
  configureBuckets: [{ name: bucket }],
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
