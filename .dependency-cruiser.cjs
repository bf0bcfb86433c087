/**
 * The direction of imports (docs/ARCHITECTURE.md): every folder may use what stands below it, never what stands above,
 * and nothing may go in circles.
 */
const LAYERS = [
  ['core'],
  ['identity', 'feed', 'blob', 'hour'],
  ['sync', 'mesh', 'store', 'sensors', 'pipeline'],
  ['station'],
  ['ui', 'node'],
];

const upward = LAYERS.flatMap((layer, i) => {
  const above = LAYERS.slice(i + 1).flat();
  if (above.length === 0) return [];
  return [
    {
      name: `${layer.join('-')}-looks-up`,
      severity: 'error',
      from: { path: `^src/(${layer.join('|')})/` },
      to: { path: `^(src/(${above.join('|')})/|workers/|src/main)` },
    },
  ];
});

module.exports = {
  forbidden: [
    ...upward,
    {
      // The mesh speaks the host's protocol; only those who host it (node, tests) take more than the protocol.
      name: 'signaling-is-for-mesh-and-hosts',
      severity: 'error',
      from: { path: '^src/(?!mesh/|node/)' },
      to: { path: '^signaling/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'signaling-uses-core-only',
      severity: 'error',
      from: { path: '^signaling/' },
      to: { path: '^(src/(?!core/|identity/)|workers/)' },
    },
    {
      name: 'pure-code-does-no-io',
      severity: 'error',
      from: { path: '^src/(core|identity|feed|blob|hour|sync)/', pathNot: '\\.(node|browser|web)\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'browser-code-stays-out-of-node',
      severity: 'error',
      from: { path: '\\.node\\.ts$|^src/node/' },
      to: { path: '\\.browser\\.ts$' },
    },
    {
      name: 'node-code-stays-out-of-the-page',
      severity: 'error',
      from: { path: '\\.browser\\.ts$|^src/ui/|^src/main|^workers/' },
      to: { path: '\\.node\\.ts$|^src/node/' },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\?(worker|url|raw)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'module', 'default', 'types'],
    },
  },
};
