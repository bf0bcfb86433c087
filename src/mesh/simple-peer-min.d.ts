// simple-peer's source build needs Node's `process`; bundlers for the page get the prebuilt one, of the same shape.
declare module 'simple-peer/simplepeer.min.js' {
  import SimplePeer from 'simple-peer';
  export = SimplePeer;
}
