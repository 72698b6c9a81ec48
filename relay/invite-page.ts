import { createHash } from 'node:crypto'

/*
 * What somebody sees who opens an invite link in a browser. Everything secret in the link stands behind its `#`:
 * browsers do not send that part, and a page without script cannot read it either.
 */
const style = `
:root { color-scheme: light dark; --ink: #14212b; --soft: #51626e; --paper: #f6f8f9; --card: #ffffff; --line: #d5dde2; --mark: #0b6b5d }
@media (prefers-color-scheme: dark) { :root { --ink: #e4ebef; --soft: #9fb0bb; --paper: #0e161c; --card: #16212a; --line: #2b3a45; --mark: #5fd0bd } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; background: var(--paper); color: var(--ink); font: 1.05rem/1.55 system-ui, sans-serif; display: grid; grid-template-columns: minmax(0, 1fr); align-items: center; justify-items: center }
main { width: 100%; max-width: 38rem; padding: clamp(1.25rem, 5vw, 3rem) }
h1 { font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.2; margin: 0 0 .75rem; text-wrap: balance }
p { margin: .5rem 0 }
ol { padding: 0; margin: 1.5rem 0; list-style: none; counter-reset: step }
li { position: relative; counter-increment: step; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1rem 1rem 3.25rem; margin: .75rem 0 }
li::before { content: counter(step); position: absolute; left: 1rem; top: 1rem; width: 1.5rem; height: 1.5rem; border-radius: 50%; background: var(--mark); color: var(--card); font-weight: 600; font-size: .9rem; display: grid; place-items: center }
pre { margin: .5rem 0 0; padding: .75rem; border-radius: .5rem; border: 1px solid var(--line); background: var(--paper); overflow-x: auto; font: clamp(.8rem, 3.7vw, 1rem)/1.4 ui-monospace, monospace; user-select: all }
code { font-family: ui-monospace, monospace }
li small { display: block; margin-top: .5rem }
small, footer { color: var(--soft); font-size: .92rem; line-height: 1.5 }
footer { border-top: 1px solid var(--line); padding-top: .75rem }
kbd { font: .9em ui-monospace, monospace; border: 1px solid var(--line); border-radius: .3rem; padding: 0 .3rem }
`

/** No script, no image, no frame, no form, no base; this one style and nothing else. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const invitePage = page('You are invited to an Atoll mesh', `
<h1>You are invited to an Atoll mesh</h1>
<p>A mesh connects people, their machines and their coding agents with each other, and with nobody in between. This page's address is your invitation: whoever has it can use it, so pass it on to nobody.</p>
<ol>
<li>If you do not have Atoll yet, ask whoever invited you for its package (atoll-….tgz), get Node.js 22.18 or newer, and run this in a terminal where the package lies:
<pre>npm install --global ./atoll-*.tgz</pre></li>
<li>Run this on the computer that is to join:
<pre>atoll join -</pre></li>
<li>Copy the whole address of this page from the address bar, with all that follows the <code>#</code>. Paste it into the terminal and press <kbd>Enter</kbd>.
<small>If you are then shown a number, an admin has to let you in: tell it to whoever invited you, in person or on a call.</small></li>
</ol>
<footer><p>This server cannot read the invitation: your browser keeps everything behind the <code>#</code> to itself, and this page runs no script. It only helps the two of you meet, and passes on what it cannot open.</p></footer>
`)

export const homePage = page('An Atoll relay', `
<h1>This is an Atoll relay</h1>
<p>It helps peers of a mesh find and reach each other, and passes on what it cannot read. It keeps no accounts, no messages and no database.</p>
<p>To use it for a mesh of your own, ask whoever runs it for its address, then:</p>
<pre>atoll create NAME --relay ADDRESS</pre>
<footer><p>Were you sent a link? Open it whole, with all that follows the <code>#</code>.</p></footer>
`)

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>${body}</main>
</body>
</html>
`
}
