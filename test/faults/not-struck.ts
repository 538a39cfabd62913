/** There was no occasion for a fault, or no way on this machine; the message says why. Nothing was tried. */
export class NotStruck extends Error {
  override readonly name = 'NotStruck'
}
