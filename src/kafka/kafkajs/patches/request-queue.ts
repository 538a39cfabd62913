import { type RequestQueue, RequestQueueClass } from '../internals.ts'

const timeoutCheckMs = 1000
const pendingCheckMs = 10

/**
 * KafkaJS 2.2.4 asks for a timer in `throttledUntil - now` milliseconds after every response, which is negative unless
 * the broker throttles: Node makes it 1 ms, and the callback asks again. So every connection wakes up a thousand times
 * a second for ever. A timer is needed only while requests are waiting to be sent.
 */
function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId || this.pending.length === 0) return
  const throttledMs = this.throttledUntil - Date.now()
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    throttledMs > 0 ? throttledMs : pendingCheckMs,
  )
}

/**
 * KafkaJS 2.2.4 looks for timed out requests ten times a second on every connection, idle ones included. Here the
 * check runs once a second, and only while something is in flight: `sendSocketRequest` starts it.
 */
function scheduleRequestTimeoutCheck(this: RequestQueue): void {
  if (!this.enforceRequestTimeout || this.requestTimeoutIntervalId || this.inflight.size === 0) return
  this.requestTimeoutIntervalId = setTimeout(() => {
    this.requestTimeoutIntervalId = undefined
    const now = Date.now()
    for (const request of [...this.inflight.values()])
      if (now - request.sentAt > request.requestTimeout) request.timeoutRequest()
    if (this.isConnected()) this.scheduleRequestTimeoutCheck()
  }, timeoutCheckMs)
}

export const patchRequestQueue = (): void => {
  const queue = RequestQueueClass.prototype
  const { sendSocketRequest, destroy } = queue
  queue.scheduleCheckPendingRequests = scheduleCheckPendingRequests
  queue.scheduleRequestTimeoutCheck = scheduleRequestTimeoutCheck
  queue.sendSocketRequest = function (this: RequestQueue, request) {
    sendSocketRequest.call(this, request)
    this.scheduleRequestTimeoutCheck()
  }
  queue.destroy = function (this: RequestQueue) {
    destroy.call(this)
    this.requestTimeoutIntervalId = undefined
  }
}
