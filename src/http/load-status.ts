/** Whether a model is there at once, in the words of `/v1/models`. */
export interface LoadStatus {
  readonly value: 'loaded' | 'unloaded';
}

const LOADED: LoadStatus = { value: 'loaded' };
const UNLOADED: LoadStatus = { value: 'unloaded' };

export function loadStatus(isLoaded: boolean): LoadStatus {
  return isLoaded ? LOADED : UNLOADED;
}
