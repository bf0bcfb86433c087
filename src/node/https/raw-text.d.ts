/** Files whose text is built into the command line (vite's `?raw`). */
declare module '*?raw' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: this is how vite hands over the text of a file.
  export default text;
}
