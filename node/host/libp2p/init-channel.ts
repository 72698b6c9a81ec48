import { RTCPeerConnection } from 'node-datachannel/polyfill'

type Listen = EventTarget['addEventListener']

interface InitChannel extends EventTarget {
  readonly readyState: string
}
interface Prototype {
  createDataChannel(this: RTCPeerConnection, label: string, options?: object): InitChannel
  mended?: true
}

/**
 * Mends two races of @libp2p/webrtc 6.0.33 that made every fifth negotiation on one machine hang until its deadline. The
 * dialler opens a channel named `init` and waits for it to open, then for it to close. But the other side closes it as
 * soon as it sees it, and both events may be over before anybody waits for them; and where the handshake failed, which it
 * does at times when the first packets arrive before the answer is read, neither ever comes.
 *
 * A listener that comes too late is told at once, and one that waits in vain gets an error, so that the next try may begin.
 */
export function mendInitChannels(): void {
  const prototype = RTCPeerConnection.prototype as unknown as Prototype
  if (prototype.mended) return
  prototype.mended = true
  const create = prototype.createDataChannel
  prototype.createDataChannel = function createDataChannel(label, options) {
    const channel = create.call(this, label, options)
    if (label === 'init') tellLateListeners(channel, this)
    return channel
  }
}

function tellLateListeners(channel: InitChannel, connection: RTCPeerConnection): void {
  const listen: Listen = channel.addEventListener.bind(channel)
  const over = (type: string): boolean => (type === 'open' && channel.readyState.startsWith('clos')) || (type === 'close' && channel.readyState === 'closed')
  const lost = (): boolean => connection.connectionState === 'closed' || connection.connectionState === 'failed'
  const mended: Listen = (type, listener, options) => {
    listen(type, listener, options)
    if (listener === null || type === 'error') return
    const tell = (): void => {
      if (over(type)) call(listener, channel, new Event(type))
      else if (type === 'open' && lost()) channel.dispatchEvent(Object.assign(new Event('error'), { error: new Error('the handshake failed') }))
    }
    queueMicrotask(tell)
    if (type === 'open') connection.addEventListener('connectionstatechange', tell)
  }
  channel.addEventListener = mended
}

function call(listener: EventListenerOrEventListenerObject, channel: EventTarget, event: Event): void {
  if (typeof listener === 'function') listener.call(channel, event)
  else listener.handleEvent(event)
}
