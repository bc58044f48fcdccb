import { writeFileSync } from 'node:fs';
import { modelMachine } from '../../machines/model/machine.ts';
import { orchestratorMachine } from '../../machines/orchestrator/machine.ts';
import { profileMachine } from '../../machines/profile/machine.ts';
import { swapMachine } from '../../machines/swap/machine.ts';
import { describeMachine } from '../observability/machine-definitions.ts';
import { statechartsPage } from '../observability/statecharts.ts';

// `npm run statecharts`: the machines as they are now, into the documentation.
const machines = [modelMachine, profileMachine, swapMachine, orchestratorMachine];
writeFileSync('docs/statecharts.md', statechartsPage(machines.map(describeMachine)));
