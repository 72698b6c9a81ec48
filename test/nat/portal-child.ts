/** `portal-child.ts PORT`: the page of a captive portal, in answer to whatever is asked of whomever. */
import { createServer } from 'node:http'

const [port = 0] = process.argv.slice(2).map(Number)

createServer((_, response) => response.writeHead(302, { location: 'http://portal.example/login' }).end('<html>Log in first.</html>')).listen(port, () => process.send?.('ready'))
process.on('disconnect', () => process.exit())
