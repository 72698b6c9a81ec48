import { cleanText } from '../clean-text.ts'

export interface EmailFacts {
  readonly link: string
  readonly mesh_name: string
  readonly by: string
  readonly uses: number
  readonly expires_at: number
  readonly approve: boolean
}

/**
 * An e-mail that brings an invite, as plain text: nothing is sent by us. There is no `mailto:` link for it, which would
 * put the secret into the arguments of programs and the history of a browser.
 */
export function emailText({ link, mesh_name, by, uses, expires_at, approve }: EmailFacts): { readonly subject: string; readonly body: string } {
  const [mesh, inviter] = [cleanText(mesh_name), cleanText(by)]
  const until = `${new Date(expires_at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return {
    subject: `${inviter} invites you to ${mesh} on Atoll`,
    body: [
      `${inviter} invites you to the mesh ${mesh}: people, their machines and coding agents, connected to each other by Atoll.`,
      '',
      'This link is the invitation:',
      '',
      link,
      '',
      `It is a secret and works ${uses === 1 ? 'once' : `for ${uses} people`}, until ${until}. Whoever has it can use it: pass it on to nobody, and delete this e-mail when you are in.`,
      '',
      'To join:',
      '',
      `1. If you do not have Atoll yet: ask ${inviter} for its package (atoll-….tgz), install Node.js 22.18 or newer, then run, where the package lies,`,
      '',
      '   npm install --global ./atoll-*.tgz',
      '',
      '2. Run this, paste the link, and press Enter:',
      '',
      '   atoll join -',
      ...(approve ? ['', `3. You are shown a number of thirty digits. Tell it to ${inviter} in person or on a call: an admin of the mesh compares it and lets you in.`] : []),
      '',
      `If you do not know ${inviter}, or expected nothing of the kind, ignore this e-mail.`,
    ].join('\n'),
  }
}
