/** What several operations ask for alike. */

export const TOKENS = `accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt
  session { id audience lastSeenAt enrolling }`;
