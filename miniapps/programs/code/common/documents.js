/** The documents of `operations.json`, by the SHA-256 of their texts: a program sends this name, never a query. */
export const CODE = '0476aa3f200b6c32128c621881a2b782a177d369fc200855025b90265adf6e00';
export const SCANS = 'fd95a42d4d6afc5ea0fb2b39d3b8cefabf3eebe6a9c012769b50924cda6c9c1a';
