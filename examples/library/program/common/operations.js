// Made by `tong typegen` of the .graphql files; change those.
export const Branches = Object.freeze({ documentId: "21655d5bad2dab220ac09fadedb882ae4f934e4055d20bc0e32b37c91458d396" });
export const Reader = Object.freeze({ documentId: "a6cda7417542ec82e79b4e3b4cf56f9996c492c98bfb4fdeab99a4ac158db5d9" });
