#!/usr/bin/env node
// Only syntax that old Nodes parse: it has to run on them to say that they are too old.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write('Atoll needs Node 22.18 or newer; this is Node ' + process.versions.node + '. Install a newer Node (https://nodejs.org) and run the command again.\n')
  process.exitCode = 1
} else {
  import('./prepare.ts').then((prepared) => prepared.prepare()).then(() => import('./main.ts')).then(
    (program) => program.main(),
    (error: unknown) => {
      process.stderr.write('Atoll could not start: ' + String(error instanceof Error ? error.stack : error) + '\n')
      process.exitCode = 1
    },
  )
}
