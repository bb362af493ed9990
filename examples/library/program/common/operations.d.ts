// Made by `tong typegen` of the .graphql files; change those.

/** What `mp.graphql` takes. */
export interface Document<R, V> {
  readonly documentId: string;
  /** Never there: carries the types. */
  readonly __types?: (variables: V) => R;
}

export type BranchesData = {
  districts: Array<{
    code: string;
    name: string;
  }>;
};
export type BranchesVariables = Record<string, never>;
export declare const Branches: Document<BranchesData, BranchesVariables>;

export type ReaderData = {
  me: {
    maskedName: string | null;
  };
};
export type ReaderVariables = Record<string, never>;
export declare const Reader: Document<ReaderData, ReaderVariables>;
