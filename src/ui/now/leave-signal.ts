/** A sound and a buzz for the moment when one may leave: off unless a person switched it on in this browser. */
const KEY = 'waystation-leave-signal';
const BUZZ_MS = [300, 150, 300];

export function wantsSignal(storage: Pick<Storage, 'getItem'> | undefined): boolean {
  try {
    return storage?.getItem(KEY) === 'on';
  } catch {
    return false;
  }
}

export function setSignal(storage: Storage | undefined, isOn: boolean): void {
  try {
    storage?.setItem(KEY, isOn ? 'on' : 'off');
  } catch {
    // A private window keeps nothing: it is asked again the next time.
  }
}

/** Buzzes and beeps, where the device can. */
export function signal(): void {
  navigator.vibrate?.(BUZZ_MS);
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    volume.gain.value = 0.2;
    tone.frequency.value = 880;
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
    tone.onended = () => void audio.close();
  } catch {
    // No sound card, or the browser wants a touch first: the screen says it as well.
  }
}
