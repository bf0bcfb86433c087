/**
 * `npm run screenshots`: docs/screenshots from the real story, and every place in every state into `screenshots/`, which is not kept.
 * `story` or `states` takes one part, the name of a place such as `record` its states alone.
 */
import { AppWorld } from '../browser/app-world.ts';
import { launchChromium } from '../browser/chromium.ts';
import { STATE_PLACES, takeStates } from './states.ts';
import { takeStory } from './story.ts';

const parts = process.argv.slice(2);
const places = parts.filter((part) => STATE_PLACES.includes(part));
const wants = (part: string) => parts.length === 0 || parts.includes(part);
const world = new AppWorld();

async function anInvite(): Promise<string> {
  const data = ['--data', world.path('group')];
  await world.must('space', 'create', ...data, '--name', 'Valley');
  const said = await world.must(
    'invite',
    ...data,
    '--role',
    'member',
    '--host',
    'wss://waystation.local:7443',
  );
  return said.split('\n').at(-1) ?? '';
}

const browser = await launchChromium({ flags: ['--enable-features=GenericSensorExtraClasses'] });
try {
  if (wants('story')) await takeStory(world, browser, 'docs/screenshots');
  if (wants('states') || places.length > 0)
    await takeStates(browser, 'screenshots', await anInvite(), places);
} finally {
  await browser.close();
  await world.end();
}
process.exit(0);
