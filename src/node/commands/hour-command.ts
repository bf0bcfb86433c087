/** `hour info`, `hour pack`, `hour unpack`: hour files by themselves, without a node or a data folder. */
import { type Command, Option } from 'commander';
import { createOutput, type Output } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';
import { hourInfo } from './hour-info.ts';
import { HOUR_PROFILES, hourPack } from './hour-pack.ts';
import { HOUR_FORMATS, HOUR_TIMES, hourUnpack } from './hour-unpack.ts';

export function addHourCommands(program: Command, around: Surroundings): void {
  const { cwd } = around;
  const outputOf = ({ json }: { json?: boolean }): Output =>
    createOutput(json === true, around.stdout, around.stderr);
  const hour = program.command('hour').description('hour files by themselves: no data folder is needed');
  const command = (name: string, description: string) =>
    hour
      .command(name)
      .description(description)
      .option('--json', 'results as one JSON document per line on stdout');

  command('info', 'everything that an hour file says; exit code 1 when something of it is damaged')
    .argument('<file>', 'the hour file')
    .action((file: string, options) => hourInfo(file, cwd, outputOf(options)));

  command('pack', 'make an hour file of a CSV table (also .gz)')
    .argument(
      '<table>',
      'the table, its time first: t_s, t_ms, t_us, t_ns, time, timestamp or datetime; dates without a zone are UTC',
    )
    .requiredOption('-o, --out <file>', 'hour file to write (required)')
    .option('--name <name>', 'name of the station (default: that of the table)')
    .option('--columns <file>', 'units, steps and names of columns, as JSON')
    .addOption(
      new Option(
        '--profile <profile>',
        'how it is coded: small, or fast to read and write on little computers',
      )
        .choices(HOUR_PROFILES)
        .default('small'),
    )
    .option('--exact', 'fail unless every value comes back as it was printed')
    .option('--force', 'replace a file of that name')
    .action((table: string, options) => hourPack(table, options, cwd, outputOf(options)));

  command('unpack', 'write the readings of an hour file; of a damaged one what can be read')
    .argument('<file>', 'the hour file')
    .addOption(new Option('--format <format>', 'file format').choices(HOUR_FORMATS).default('csv'))
    .requiredOption('-o, --out <path>', 'file to write; for parquet of several streams a folder (required)')
    .option('--stream <name>', 'only this stream')
    .addOption(
      new Option(
        '--times <form>',
        'times of csv: numbers as recorded (ticks, unless you say), or dates',
      ).choices(HOUR_TIMES),
    )
    .option('--force', 'replace a file of that name')
    .action((file: string, options) => hourUnpack(file, options, cwd, outputOf(options)));
}
