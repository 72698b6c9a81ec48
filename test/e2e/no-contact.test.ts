/** Nobody is contacted whom the user did not name: a node in a network of its own, where every packet that would leave is seen. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { World } from './world.ts'

const program = join(import.meta.dirname, '../../dist/bin.js')

describe.skipIf(!requires('netns', 'tcpdump'))('telemetry', () => {
  it('H2: a node that founds a mesh, writes and invites sends no packet to anybody', async () => {
    await using world = new World()
    const home = world.folder('home')
    const capture = join(world.root, 'packets.pcap')
    // A way out that leads nowhere: whatever is sent to anybody but this machine goes through it and is caught.
    const script = `
      set -e
      ip link set lo up; ip link add out type veth peer name nowhere; ip link set nowhere up; ip addr add 11.9.9.9/24 dev out; ip link set out up; ip route add default via 11.9.9.1
      rm -f ${world.root}/tcpdump.log; touch ${world.root}/tcpdump.log; tcpdump -Z root --immediate-mode -i out -n -U -s 0 -w ${capture} 2>${world.root}/tcpdump.log & dump=$!
      until grep -q listening ${world.root}/tcpdump.log; do sleep 0.1; done
      export ATOLL_HOME=${home}-$1; mkdir -m 700 "$ATOLL_HOME"
      "$0" ${program} create quiet --as somebody --json
      "$0" ${program} state set k 1 --json
      "$0" ${program} remember 'nothing leaves' --json
      "$0" ${program} invite --json
      "$0" ${program} peers --json
      "$0" ${program} down --json
      if [ "$1" = control ]; then echo x > /dev/udp/11.9.9.77/9; fi
      sleep 1; kill -INT $dump; wait $dump || true`
    const packets = async (how: string): Promise<number> => {
      const child = spawn('unshare', ['--net', 'bash', '-c', script, process.execPath, how], { stdio: ['ignore', 'ignore', 'inherit'] })
      await new Promise((resolve) => child.once('close', resolve))
      expect(readFileSync(join(world.root, 'tcpdump.log'), 'utf8')).toContain('listening')
      // Asking for a neighbour's hardware address is an attempt to reach it. What the kernel itself says when an interface comes up (router solicitation, multicast reports) is not ours.
      const seen = spawnSync('tcpdump', ['-Z', 'root', '-n', '-r', capture, 'arp or tcp or udp'], { encoding: 'utf8' })
      if (seen.status !== 0) throw new Error(seen.stderr)
      return seen.stdout.split('\n').filter((line) => line !== '').length
    }
    expect(await packets('quiet')).toBe(0)
    expect(await packets('control'), 'the capture would have seen one').toBeGreaterThan(0)
  })
})
