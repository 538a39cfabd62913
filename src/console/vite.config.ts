import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `npm run build:console` builds the console into `dist/console`, from where the API serves it. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    // What is inlined would need a policy for contents that allows it.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1_000,
  },
})
