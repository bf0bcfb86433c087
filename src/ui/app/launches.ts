/** What the system opened the app with, brought to where it belongs: links to the doors, hour files to their place. */
import { msg, str } from '@lit/localize';
import type { HandedFiles } from '../file/handed-files.ts';
import type { AppModel } from '../model/app-model.ts';
import type { Launch } from '../platform/launch.browser.ts';
import type { RefusedFile } from '../platform/shared-items.ts';
import type { Router } from './router.ts';

/** Brings one launch to where it belongs. What was refused is told in a sentence. */
export function receiveLaunch(launch: Launch, model: AppModel, router: Router, files: HandedFiles): void {
  for (const item of launch.items) {
    switch (item.kind) {
      case 'link':
        model.offer(item.link);
        break;
      case 'place':
        location.hash = item.hash;
        break;
      case 'file':
        files.handOver(item);
        if (router.route.place !== 'file') router.go('file');
        break;
    }
  }
  const [first] = launch.refused;
  if (first !== undefined) model.say(refusalText(first, launch.refused.length));
}

function refusalText({ name, reason }: RefusedFile, count: number): string {
  const which = count === 1 ? msg(str`“${name}” was not opened`) : msg(str`${count} files were not opened`);
  switch (reason) {
    case 'too-many':
      return msg(str`${which}: share a few files at a time.`);
    case 'too-large':
      return msg(str`${which}: it is larger than any hour file can be.`);
    case 'not-hours':
      return msg(str`${which}: this app opens hour files, whose names end in .hour.`);
    case 'no-room':
      return msg(str`${which}: this browser has no room left. Free some space and share it again.`);
    case 'unreadable':
      return msg(str`${which}: it could not be read. Try to open it from inside the app.`);
  }
}
