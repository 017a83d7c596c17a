// What bin/run.js starts, bundled with the commands.
export {execute} from '@oclif/core/execute'
