/** A style sheet as text, as vite gives it. */
declare module '*.css?inline' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: it is how vite gives it
  export default text;
}
