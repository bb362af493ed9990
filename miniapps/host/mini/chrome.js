/**
 * What a person sees around a program. The runtime decides what may happen; whatever is drawn for it, and whatever a
 * person answers, goes through this one object, which the screens implement (`views/mini*.js`, `ui/mini-*.js`).
 *
 * Rules for who implements it:
 * - Every string that says "of the program" was written by a stranger: it goes into text nodes, never into markup, an
 *   address, an attribute that is run, or a class. It is short (the bridge's schema bounds it), but may say anything.
 * - Who asks is shown from `program` (the city's own record), never from words of the program.
 * - A promise settles when the person has answered; with `null` (or `false`) when they closed it without an answer. When
 *   `signal` aborts (the program cancelled, was closed, or lost its page), take it away; the answer is not read any more.
 * - The program's frame is inert while a sheet is up: the runtime sees to it. The same goes for one sheet at a time.
 * - What must be answered by a person (permission, confirm) is armed after 800 ms (`ui/sheet.js`).
 *
 * @typedef {object} ProgramFacts  from the city
 * @property {string} appId
 * @property {string} name          in the reader's language
 * @property {string} shortName
 * @property {string | null} iconUrl
 * @property {{ id: string, name: string, verified: boolean }} organisation
 * @property {string} versionName
 * @property {boolean} trial         they build it, and try what is not released (体验版)
 *
 * @typedef {object} NavigationBar  how the bar above the present page looks
 * @property {string} title         of the program
 * @property {"black" | "white"} front
 * @property {string} background    `#rrggbb`, checked; a colour of the program: contrast with `front` is not promised
 * @property {boolean} loading      a small sign of work in the bar
 * @property {"default" | "custom"} style   custom: the program draws its own bar; the host's capsule (close, more) stays
 * @property {boolean} back         there is a page behind this one, or the program listens to the back button
 * @property {number} levels        how often back leads to something within the program, before it leaves it
 * @property {boolean} home         this page is not where the program begins, and nothing lies behind it
 *
 * @typedef {{ text: string, icon: string | null, selectedIcon: string | null, badge: string | null }} Tab
 *   text, badge: of the program; icons: addresses within the program's own origin (the shell's policy may not let them
 *   be shown: then words alone)
 * @typedef {{ tabs: Tab[], selected: number }} TabBar
 *
 * @typedef {{ text: string, loading: boolean, disabled: boolean, visible: boolean }} HostButton  text: of the program
 *
 * @typedef {{ name: string, why: string | null, reason: string, state: "GRANTED" | "PROMPT" | "DENIED" | "UNAVAILABLE" }} Capability
 *   reason: words of the program, in the reader's language
 *
 * @typedef {{ name: string, choice: "ASK" | "ACCEPT" | "REJECT" | "BAN" | "FILTER", words: { title: string, body: string } | null }} Subscribable
 *   a kind of message; words: as a reviewer saw them, with `{name}` for what comes later
 *
 * @typedef {{ accepted: string[], refused: string[], always: boolean, text: string }} SubscribeAnswer   always: do so from now on without asking
 *
 * @typedef {{ granted: string[], denied: string[], text: string }} PermissionAnswer
 *   text: all the words that stood on the sheet, as they were read: kept with the consent
 *
 * @typedef {"open-url" | "make-call" | "open-program" | "leave-page" | "save-image"} ConfirmKind
 *   What is asked: the screens have the words. leave-page: the program asked to warn (`subject` is its message).
 *
 * @typedef {{ kind: ConfirmKind, subject: string, host?: string, image?: Blob }} Confirm
 *   subject: what it is about, as text: an address, a number, the id of another program (whose name the city knows:
 *   `miniProgram(appId)`), a message of the program. host: of the address, alone. image: save-image
 *
 * @typedef {{ code: string, retry: boolean }} Closing  why a program went away
 *   code: LEFT (the person closed it, or it closed itself) · BACK (it went back to who opened it) · IDLE · PRESSURE · UPDATE (opens again) ·
 *   SIGNED_OUT · EXPIRED · NOT_RESPONDING · FLOOD · SEIZED (it took
 *   the keyboard while the city asked) · E_APP_REVOKED · E_VERSION_REVOKED · E_UPDATE_REQUIRED · OFFLINE ·
 *   UNTRUSTED (the package is not what was signed) · BROKEN. retry: opening it again may help
 *
 * @typedef {object} Chrome
 *
 * — the bars, told whenever they change —
 * @property {(bar: NavigationBar) => void} navigationBar
 * @property {(bar: TabBar | null) => void} tabBar   null: this page has none
 * @property {(name: "main" | "back" | "settings", button: HostButton) => void} button
 *   "back": `visible` and `disabled` only; the bar's arrow then tells the program instead of going back. "settings": an
 *   entry in the host's menu
 * @property {(state: "OFF" | "READY" | "RUNNING") => void} pullDown   whether pulling does something; RUNNING until told
 * @property {(state: "LOADING" | "PAINTED" | "EMPTY") => void} progress   LOADING: skeleton over the frame; PAINTED: something
 *   shows; EMPTY: nothing that a browser counts was painted for seconds: no skeleton, and a way out
 * @property {(version: string) => void} updateReady   there is a newer version: `running.reload()`
 * @property {(closing: Closing) => void} closed   the frame is gone. Always called, exactly once
 *
 * — small things, of the program —
 * @property {(toast: { title: string, icon: "success" | "error" | "loading" | "none", durationMs: number, mask: boolean }) => void} toast
 * @property {() => void} hideToast
 * @property {(loading: { title: string, mask: boolean } | null) => void} loading   null: away with it
 * @property {(notice: "clipboard-read" | "clipboard-written" | "page-missing") => void} notice   the host's own words, with the program's name
 * @property {(ms: number) => void} vibrate
 *
 * — what a person answers —
 * @property {(modal: { title: string, content: string, showCancel: boolean, cancelText: string | null, confirmText: string | null, editable: boolean, placeholder: string }, signal: AbortSignal) => Promise<{ confirm: boolean, content: string | null }>} modal
 * @property {(sheet: { title: string, items: string[] }, signal: AbortSignal) => Promise<number | null>} actionSheet
 * @property {(wanted: Capability[], signal: AbortSignal) => Promise<PermissionAnswer | null>} permissionSheet
 *   one sheet for all that is wanted, each can be refused; granted and denied together are what was wanted
 * @property {(wanted: Subscribable[], signal: AbortSignal) => Promise<SubscribeAnswer | null>} subscribeSheet
 *   one sheet for all messages that are asked for, each can be refused; null: put away
 * @property {(question: Confirm, signal: AbortSignal) => Promise<boolean>} confirmSheet
 * @property {(state: { capabilities: Capability[], set: (name: string, state: "GRANTED" | "DENIED" | "PROMPT") => Promise<Capability[]> }, signal: AbortSignal) => Promise<void>} settings
 *   what this program may do, with switches; settles when it is left
 * @property {(signal: AbortSignal) => Promise<string | null>} scan   the camera, reading one code (`camera.js`)
 * @property {(asked: { count: number, source: "album" | "camera" }, signal: AbortSignal) => Promise<File[] | null>} choosePhotos
 *   drawn by the host, so that the tap is one on the host's own button
 * @property {(shared: { title: string, text: string, address: string }, signal: AbortSignal) => Promise<boolean>} share
 *   title, text: of the program; address: the city's own deep link to the page
 * @property {(signal: AbortSignal) => Promise<"wait" | "close">} notResponding
 *
 * — beyond the program —
 * @property {(url: string) => void} openUrl   confirmed and https: a new tab with no opener
 * @property {(number: string) => void} call   confirmed
 * @property {(name: string, data: Blob) => void} save   confirmed
 * @property {(to: { appId: string, page: string | null, query: Record<string, string>, scene: string, referrer: string, extraData: object | null }) => void} openProgram
 *   to that program's screen, as an `Opening` of its own; the present one is hidden, not closed
 * @property {() => void} leave   to the screen from which the program was opened: the program itself asked for it
 */

/**
 * What `openProgram` of `runtime.js` gives back: one run of a program, and the handles of the host's own controls.
 *
 * @typedef {object} Running
 * @property {ProgramFacts} program
 * @property {string} session            of this run; another program that it opens names it as where it came from
 * @property {() => Capability[]} capabilities   as they stand
 * @property {(again?: { page: string, query?: Record<string, string>, scene?: string }) => void} show
 *   its screen is before the person (again). again: they came by a link to a page: it begins there
 * @property {(reason?: "home" | "closed") => void} hide   another screen is shown, or it was put away; after five minutes, or under
 *   pressure, it is unloaded
 * @property {(steps?: number) => boolean} back   the bar's back was pressed, or the system's. false: nothing lies behind, leave the screen
 * @property {() => void} home           to the first page
 * @property {(index: number) => void} tab
 * @property {(name: "main" | "back" | "settings") => void} press
 * @property {() => void} pull           the person pulled the page down
 * @property {() => Promise<void>} settings   opens `chrome.settings`
 * @property {() => void} reload         the newer version, or the same one after an error
 * @property {() => void} close          the person closed it
 *
 * @typedef {object} Opening
 * @property {string} appId
 * @property {string | null} [page]      path within the program, without extension; null: where it begins
 * @property {Record<string, string>} [query]   from a link: nobody vouches for it
 * @property {string} [scene]            how one came here: "home" | "search" | "scan" | "link" | "recent" | "program" | "message" | "trial"
 * @property {object | null} [extraData]   of the program that opened it, for the program alone
 * @property {string | null} [referrer]  the session of the program that opened it (`Chrome.openProgram`)
 * @property {HTMLElement} mount         holds the frame. It stays where it is as long as the program lives: a frame that is moved
 *   in the document loads again. Hidden by `hidden`; sized by style. One for each program
 * @property {Chrome} chrome
 * @property {AbortSignal} [signal]      while it opens: the person went elsewhere
 */

export {};
