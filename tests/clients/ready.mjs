// Gives the scripts beside it the packages of package-lock.json, and says what to do when they are not there.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { argv, exit, stderr, stdout } from 'node:process'

const ADVICE = 'run "sh tests/clients/install.sh"'

const lock = async (path) => {
  const { packages } = JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8'))
  return Object.fromEntries(Object.entries(packages).filter(([name]) => name).map(([name, it]) => [name, it.integrity]))
}

const fail = (message, status) => {
  stderr.write(`${basename(argv[1])}: ${message}\n`)
  exit(status)
}

const installed = async () => {
  const wanted = await lock('./package-lock.json')
  const found = await lock('./node_modules/.package-lock.json').catch(() => null)
  if (!found) fail(`node_modules is missing: ${ADVICE}`, 69)
  const stale = Object.keys(wanted).filter((name) => found[name] !== wanted[name])
  if (stale.length) fail(`node_modules is not what package-lock.json says (${stale[0]}): ${ADVICE}`, 69)
}

// Loads a package, reads the file named on the command line and prints what `read` makes of it as JSON.
export const run = async (name, read) => {
  if (argv.length !== 3) fail('give one file', 64)
  await installed()
  const library = await import(name)
  const text = await readFile(argv[2], 'utf8').catch((error) => fail(error.message, 66))
  stdout.write(`${JSON.stringify(read(library, text), null, 1)}\n`)
}
