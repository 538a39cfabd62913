/** Asks for a key, which stays in this tab. */
export const KeyForm = ({ why, give }: { readonly why: string; give(key: string): void }) => (
  <form
    onSubmit={event => {
      event.preventDefault()
      const key = new FormData(event.currentTarget).get('key')
      if (typeof key === 'string' && key.trim() !== '') give(key.trim())
    }}
  >
    <p role="alert">{why}</p>
    <label>
      Key
      <input name="key" type="password" autoComplete="off" required />
    </label>
    <small>
      It is kept until this tab is closed. With the scope `read` it shows; `ingest` begins jobs, `control` steers them,
      `admin` deletes.
    </small>
    <button type="submit">Show it</button>
  </form>
)
