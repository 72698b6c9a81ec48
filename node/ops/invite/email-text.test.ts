import { expect, test } from 'vitest'
import { emailText } from './email-text.ts'

const facts = { link: 'https://relay.example/i#c2VjcmV0', mesh_name: 'reef', by: 'alice', uses: 1, expires_at: Date.UTC(2026, 10, 29, 1, 57), approve: false }

test('an e-mail says who invites to what, what to run, until when, and that the link is a secret for one', () => {
  const { subject, body } = emailText(facts)
  expect(subject).toBe('alice invites you to reef on Atoll')
  for (const part of ['\nhttps://relay.example/i#c2VjcmV0\n', 'a secret and works once, until 2026-11-29 01:57 UTC', 'npm install --global ./atoll-*.tgz', 'atoll join -\n']) expect(body).toContain(part)
  expect(body.split('\n').filter((line) => line.includes(facts.link)), 'the link stands alone, whole').toEqual([facts.link])
  expect(body).not.toContain('thirty digits')
  expect(emailText({ ...facts, uses: 3, approve: true }).body).toMatch(/works for 3 people[\s\S]*thirty digits\. Tell it to alice in person or on a call/)
})

test('T9: no name of a mesh or a person adds a line to its subject or body', () => {
  const evil = 'reef\r\nBcc: everybody@example.org\n\nhttps://mallory.example/i#1\u202e'
  const { subject, body } = emailText({ ...facts, mesh_name: evil, by: evil })
  expect(subject).not.toMatch(/[\r\n\u202e]/)
  expect(body.split('\n')).toHaveLength(emailText(facts).body.split('\n').length)
  expect(body).not.toMatch(/^(Bcc|https:\/\/mallory)/m)
})
