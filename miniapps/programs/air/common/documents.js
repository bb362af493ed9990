/** The documents of `operations.json`, by the SHA-256 of their texts: a program sends this name, never a query. */
export const CITY = 'b317c1d639df878159f60b7007b3079c3e074d10f0a6649d84f4c1ad22a52a26';
export const HOME_DISTRICT = '33591d5aac278b7465ab7ee169ec43e7406f68d99488e3e5b53b1a7671038d1c';
export const STATION = '9d1551961bf2c710dbf20326a3146aae48538eaabe0ca7157230f89a983c7c86';
