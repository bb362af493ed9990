/** Every operation of the screens of those who build programs. */

export const BUILDER = `query Builder {
  developer { id organisations { id name kind role blocked } }
}`;

export const REGISTER_DEVELOPER = `mutation RegisterDeveloper($input: RegisterDeveloperInput!) {
  registerDeveloper(input: $input) { id name }
}`;

export const APPROVE_TOOL = `mutation ApproveTool($userCode: String!, $organisation: ID!) {
  approveDeveloperDevice(userCode: $userCode, organisation: $organisation) { id name }
}`;

export const DENY_TOOL = `mutation DenyTool($userCode: String!) { denyDeveloperDevice(userCode: $userCode) }`;

export const BUILD_WITH = `mutation BuildWith($id: ID!) { acceptDeveloperInvitation(id: $id) { id } }`;

export const BUILD_NOT_WITH = `mutation BuildNotWith($id: ID!) { declineDeveloperInvitation(id: $id) }`;
