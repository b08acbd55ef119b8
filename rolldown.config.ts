import { defineConfig } from 'rolldown';
import { thirdParty } from './build/third-party.ts';

/** What `npm run build` makes of `src/`: programs that hold the libraries they use, in the versions of the lock file. */
export default defineConfig({
  input: {
    main: 'src/main.ts',
    harness: 'src/harness/index.ts',
    // Started by their file name from modules that become chunks beside them.
    worker: 'src/store/sqlite/worker.ts',
    'structure-process': 'src/store/sqlite/structure-process.ts',
  },
  platform: 'node',
  external: [
    // Elements of the harness are those of the vendor that uses it.
    'ltx',
    // A native part of `pg` that is not used.
    'pg-native',
  ],
  plugins: [thirdParty()],
  // As deep as `src/commands`, whose version.ts reads package.json.
  output: { dir: 'dist/bundle', cleanDir: true, chunkFileNames: '[name].js' },
});
