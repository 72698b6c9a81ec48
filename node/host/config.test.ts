import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openConfig } from './config.ts'
import { settingKeys } from './settings.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'atoll-config-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('the settings of a profile', () => {
  it('have defaults, and each says what it does', async () => {
    const config = openConfig({ home, env: {} })
    expect(config.current()).toEqual({ name: '', network: 'on', listen: '[::]:0', listen_ws: '', webrtc: 'on', lan_discovery: 'on', mesh: '', files_quota: 0, metrics: '', log_level: 'info' })
    const all = await config.service.list()
    expect(all.map((one) => one.key)).toEqual(settingKeys)
    for (const one of all) expect(one).toMatchObject({ source: 'default', doc: expect.stringMatching(/\w/) as string })
  })

  it('are written to one file, whole, and read back', async () => {
    await openConfig({ home, env: {} }).service.set('network', 'OFF')
    openConfig({ home, env: {} }).set('name', 'alex')
    expect(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'))).toEqual({ network: 'off', name: 'alex' })
    expect(readdirSync(home)).toEqual(['config.json'])
    const config = openConfig({ home, env: {} })
    expect(config.current()).toMatchObject({ network: 'off', name: 'alex' })
    expect(await config.service.unset('network')).toMatchObject({ value: 'on', source: 'default' })
    expect(config.current().network).toBe('on')
  })

  it('count in the order flag, environment, file', async () => {
    const file = openConfig({ home, env: {} })
    file.set('log_level', 'warn')
    const env = { ATOLL_LOG_LEVEL: 'error', ATOLL_LISTEN: '127.0.0.1:0' }
    expect(openConfig({ home, env }).current()).toMatchObject({ log_level: 'error', listen: '127.0.0.1:0' })
    const config = openConfig({ home, env, flags: { log_level: 'debug' } })
    expect(config.current().log_level).toBe('debug')
    expect(await config.service.get('log_level')).toMatchObject({ value: 'debug', source: 'flag' })
    expect(await config.service.get('listen')).toMatchObject({ source: 'environment' })
    expect(await config.service.set('log_level', 'info')).toMatchObject({ value: 'debug', source: 'flag' })
  })

  it('H1 refuses what cannot be, wherever it stands, and says why', async () => {
    const config = openConfig({ home, env: {} })
    await expect(config.service.set('network', 'maybe')).rejects.toThrow('it must be on or off')
    await expect(config.service.set('netwrok', 'on')).rejects.toMatchObject({ code: 'config_unknown' })
    await expect(config.service.get('toString')).rejects.toMatchObject({ code: 'config_unknown' })
    for (const listen of ['4001', 'host:', 'host:70000', 'a b:1', '::1:4001']) await expect(config.service.set('listen', listen)).rejects.toMatchObject({ code: 'bad_input' })
    await config.service.set('listen', '[::1]:4001, example.org:0')
    expect(config.current().listen).toBe('[::1]:4001,example.org:0')
    for (const metrics of ['9464', '127.0.0.1', 'localhost:70000', '127.0.0.1:1,127.0.0.1:2']) await expect(config.service.set('metrics', metrics)).rejects.toMatchObject({ code: 'bad_input' })
    for (const metrics of ['0.0.0.0:9464', '[::]:9464', '192.0.2.1:9464', 'localhost.example:9464', '127.0.0.1.example:9464']) await expect(config.service.set('metrics', metrics)).rejects.toThrow('Use 127.0.0.1:9464; for a scraper elsewhere, forward that port')
    for (const metrics of ['127.0.0.1:9464', '127.8.0.1:0', '[::1]:9464', 'localhost:9464', '']) expect(await config.service.set('metrics', metrics)).toMatchObject({ value: metrics })
    expect(() => openConfig({ home, env: { ATOLL_NETWORK: 'maybe' } })).toThrow('ATOLL_NETWORK=maybe')
    expect(() => openConfig({ home, env: {}, flags: { listen_ws: 'x' } })).toThrow('--listen-ws x')
    writeFileSync(join(home, 'config.json'), '{"network":')
    expect(() => openConfig({ home, env: {} })).toThrow('is not JSON')
    writeFileSync(join(home, 'config.json'), '[]')
    expect(() => openConfig({ home, env: {} })).toThrow('holds no settings')
  })

  it('C5 keep what a newer version wrote', async () => {
    writeFileSync(join(home, 'config.json'), '{"colour":"blue","name":"alex"}')
    await openConfig({ home, env: {} }).service.set('network', 'off')
    expect(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'))).toEqual({ colour: 'blue', name: 'alex', network: 'off' })
  })

  it('D2 stay as they were when the file cannot be written', async () => {
    const config = openConfig({ home, env: {} })
    config.set('name', 'alex')
    // A directory where the temporary file belongs makes the write fail, for root too.
    mkdirSync(join(home, `config.json.${process.pid}.new`, 'x'), { recursive: true })
    await expect(config.service.set('name', 'bea')).rejects.toMatchObject({ code: expect.stringMatching(/^(storage_failed|internal)$/) as string })
    expect(config.current().name).toBe('alex')
    expect(openConfig({ home, env: {} }).current().name).toBe('alex')
  })

  it('tell who watches, until disposed', async () => {
    const config = openConfig({ home, env: {} })
    const seen: string[] = []
    const watch = config.watch(({ network }) => seen.push(network))
    config.set('network', 'off')
    watch[Symbol.dispose]()
    config.set('network', 'on')
    expect(seen).toEqual(['off'])
  })
})
