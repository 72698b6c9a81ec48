/** One end of a bare data channel, negotiated over IPC: `channel-child.ts BYTES [dial]`. The dialler sends and says how many seconds it took. */
import nodeDataChannel, { type DataChannel } from 'node-datachannel'

const [bytes = '0', role] = process.argv.slice(2)
const total = Number(bytes)
const chunk = Buffer.alloc(64 * 1024)
const fullBytes = 1024 * 1024
const connection = new nodeDataChannel.PeerConnection(role ?? 'answer', { iceServers: [] })
connection.onLocalDescription((sdp, type) => process.send?.({ sdp, type }))
connection.onLocalCandidate((candidate, mid) => process.send?.({ candidate, mid }))
process.on('message', (said: { sdp?: string; type?: string; candidate?: string; mid?: string }) => {
  if (said.sdp !== undefined) connection.setRemoteDescription(said.sdp, said.type as 'offer')
  else connection.addRemoteCandidate(said.candidate ?? '', said.mid ?? '')
})
if (role === 'dial') send(connection.createDataChannel('bare'))
else connection.onDataChannel(receive)

function send(channel: DataChannel): void {
  let sent = 0
  let start = 0
  const more = (): void => {
    while (sent < total && channel.bufferedAmount() < fullBytes) {
      channel.sendMessageBinary(chunk)
      sent += chunk.length
    }
  }
  channel.setBufferedAmountLowThreshold(fullBytes / 2)
  channel.onBufferedAmountLow(more)
  channel.onOpen(() => {
    start = performance.now()
    more()
  })
  channel.onMessage(() => process.send?.({ seconds: (performance.now() - start) / 1000 }))
}

function receive(channel: DataChannel): void {
  let got = 0
  channel.onMessage((data) => {
    got += typeof data === 'string' ? 0 : data.byteLength
    if (got >= total) channel.sendMessage('all')
  })
}
