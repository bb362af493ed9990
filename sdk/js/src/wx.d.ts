import type { EventData, Mp } from './index.js';

type Names = Exclude<keyof Mp, 'inHost' | 'env' | 'launch' | 'global' | 'page' | 'log' | 'ui' | 'ready' | 'on' | 'off'>;
type Listening<T> = (listener: (data: T) => void) => void;

interface WxEvents {
  AppShow: EventData['appshow'];
  AppHide: EventData['apphide'];
  Error: EventData['apperror'];
  ThemeChange: EventData['themechange'];
  NetworkStatusChange: EventData['networkchange'];
  MemoryWarning: EventData['memorywarning'];
  WindowResize: EventData['resize'];
}

/** The calls of `mp` under the names of `wx`. A name that is not there throws `E_UNSUPPORTED` and says which is nearest. */
export type Wx = Pick<Mp, Names> &
  { [N in keyof WxEvents as `on${N}`]: Listening<WxEvents[N]> } &
  { [N in keyof WxEvents as `off${N}`]: Listening<WxEvents[N]> } & {
    getLaunchOptionsSync(): { path: string; query: { [key: string]: string }; scene: string; referrerInfo: { appId?: string } };
  };

export const wx: Wx;
