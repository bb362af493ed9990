/** The documents of `operations.json`, by the SHA-256 of their texts: a program sends this name, never a query. */
export const CITY = 'b317c1d639df878159f60b7007b3079c3e074d10f0a6649d84f4c1ad22a52a26';
export const HOME_DISTRICT = '33591d5aac278b7465ab7ee169ec43e7406f68d99488e3e5b53b1a7671038d1c';
export const STATION = '58d45d1f44f453390478feca61b3486ae45c04283c45d00dcb66da966ce5259e';
