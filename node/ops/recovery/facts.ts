import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { role } from '../mesh/shapes.ts'
import { peerPlace } from './shapes.ts'

/** What `atoll backup` writes down beside the root keys, which it reads from the profile itself. */
export const recoveryFacts = defineOp({
  name: 'recovery.facts',
  doc: 'What a backup says of each mesh beside the root key: names, relays, where peers were last reached, and the newest membership entries known. Nothing of it is secret.',
  permission: 'mesh.list',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    meshes: z.array(
      z.object({
        mesh: z.string(),
        name: z.string(),
        member: z.string(),
        member_name: z.string(),
        role,
        relays: z.array(z.string()),
        peers: z.array(peerPlace),
        frontier: z.array(z.string()),
      }),
    ),
  }),
  needs: ['recovery'],
  errors: [],
  example: 'atoll backup reef.atollbak',
  handler: async ({ recovery }) => ({ meshes: await recovery.facts() }),
  show: ({ meshes }) => meshes.map(({ name, member_name }) => ({ line: [strong(name), 'as', member_name] })),
})
