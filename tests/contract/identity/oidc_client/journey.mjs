// The whole way of a partner through the provider, with openid-client. argv: {issuer, token, relation, bank, court,
// opening, redirect, signedOut} as JSON; prints what it saw as JSON. token: a citizen's own, for the page that asks them.
// opening: the key that opens what is encrypted for the client `court`.

import * as jose from 'jose'
import * as oidc from 'openid-client'

const given = JSON.parse(process.argv[2])
const insecure = { execute: [oidc.allowInsecureRequests] }
const saw = {}
const jar = new Map()

async function visit(url) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} })
  for (const line of response.headers.getSetCookie()) {
    const [pair, ...rest] = line.split(';')
    const [name, value] = pair.split('=')
    if (rest.some((part) => /max-age=0/i.test(part)) || !value || value === '""') jar.delete(name)
    else jar.set(name, value)
  }
  await response.text()
  return { status: response.status, to: response.headers.get('location') }
}

async function graph(query, variables) {
  const response = await fetch(`${given.issuer}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${given.token}`, 'accept-language': 'en' },
    body: JSON.stringify({ query, variables }),
  })
  const answer = await response.json()
  if (answer.errors) throw new Error(JSON.stringify(answer.errors))
  return answer.data
}

async function approve(id, { claims, relationId } = {}) {
  const { interaction } = await graph('query($id: ID!) { interaction(id: $id) { client { name } claims { name } } }', { id })
  const { approveInteraction } = await graph(
    'mutation($input: ApproveInteractionInput!) { approveInteraction(input: $input) { redirectTo } }',
    { input: { id, claims: claims ?? interaction.claims.map((claim) => claim.name), relationId } },
  )
  return approveInteraction.redirectTo
}

async function refusal(promise) {
  try {
    await promise
  } catch (fault) {
    return fault.error ?? fault.cause?.error ?? fault.cause?.[0]?.parameters?.error ?? fault.code
  }
  return 'nothing was refused'
}

// --- a FAPI 2.0 client: pushed request, key, DPoP

const key = await crypto.subtle.importKey('jwk', given.bank, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
const bank = await oidc.discovery(
  new URL(given.issuer), 'demo-bank', undefined, oidc.PrivateKeyJwt({ key, kid: given.bank.kid }), insecure,
)
saw.discovered = bank.serverMetadata().issuer

const DPoP = oidc.getDPoPHandle(bank, await oidc.randomDPoPKeyPair())

async function pushed(more = {}) {
  const verifier = oidc.randomPKCECodeVerifier()
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() }
  const url = await oidc.buildAuthorizationUrlWithPAR(
    bank,
    {
      redirect_uri: given.redirect,
      scope: 'openid profile phone offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      ...more,
    },
    { DPoP },
  )
  return { url, checks }
}

const first = await pushed({ acr_values: 'urn:city:rl:3', max_age: '3600' })
const page = await visit(first.url)
const back = await visit(await approve(page.to.split('/').at(-1)))
const tokens = await oidc.authorizationCodeGrant(bank, new URL(back.to), first.checks, undefined, { DPoP })
const claims = tokens.claims()
saw.page = new URL(page.to).pathname.replace(/[^/]+$/, '')
saw.tokenType = tokens.token_type
saw.acr = claims.acr
saw.amr = claims.amr

saw.userinfo = await oidc.fetchUserInfo(bank, tokens.access_token, claims.sub, { DPoP })
delete saw.userinfo.sub
const stranger = oidc.getDPoPHandle(bank, await oidc.randomDPoPKeyPair())
saw.anotherKey = (await oidc
  .fetchUserInfo(bank, tokens.access_token, claims.sub, { DPoP: stranger })
  .then(() => 200, (fault) => fault.status ?? fault.response?.status ?? fault.cause?.status))

const renewed = await oidc.refreshTokenGrant(bank, tokens.refresh_token, undefined, { DPoP })
saw.sameSubject = renewed.claims().sub === claims.sub
saw.active = (await oidc.tokenIntrospection(bank, renewed.access_token)).active
saw.graph = (
  await fetch(`${given.issuer}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${renewed.access_token}` },
    body: JSON.stringify({ query: '{ me { id } }' }),
  })
).status

// --- signed in, so nobody is asked

const silent = await pushed({ prompt: 'none', id_token_hint: tokens.id_token })
const quiet = await visit(silent.url)
const again = await oidc.authorizationCodeGrant(bank, new URL(quiet.to), silent.checks, undefined, { DPoP })
saw.silent = again.claims().sub === claims.sub
saw.codeTwice = await refusal(
  oidc.authorizationCodeGrant(bank, new URL(quiet.to), silent.checks, undefined, { DPoP }),
)
saw.afterCodeTwice = (await oidc.tokenIntrospection(bank, again.access_token)).active

// --- for somebody else

const other = await pushed({ prompt: 'consent', scope: 'openid profile' })
const otherPage = await visit(other.url)
const otherBack = await visit(await approve(otherPage.to.split('/').at(-1), { relationId: given.relation }))
const acting = await oidc.authorizationCodeGrant(bank, new URL(otherBack.to), other.checks, undefined, { DPoP })
saw.actor = acting.claims().act?.sub === claims.sub && acting.claims().sub !== claims.sub
saw.actedFor = (await oidc.fetchUserInfo(bank, acting.access_token, acting.claims().sub, { DPoP })).name

// --- a device with a code, of a public client

const kiosk = await oidc.discovery(new URL(given.issuer), 'demo-kiosk', undefined, oidc.None(), insecure)
const kioskKey = oidc.getDPoPHandle(kiosk, await oidc.randomDPoPKeyPair())
const device = await oidc.initiateDeviceAuthorization(kiosk, { scope: 'openid profile' })
const entered = await graph('mutation($code: String!) { enterUserCode(userCode: $code) { id claims { name } } }', {
  code: device.user_code,
})
await approve(entered.enterUserCode.id)
const kioskTokens = await oidc.pollDeviceAuthorizationGrant(kiosk, { ...device, interval: 0 }, undefined, { DPoP: kioskKey })
saw.kiosk = (await oidc.fetchUserInfo(kiosk, kioskTokens.access_token, kioskTokens.claims().sub, { DPoP: kioskKey })).name
saw.pairwise = kioskTokens.claims().sub !== claims.sub

// --- a client that signs its requests, and whose answers are signed and encrypted

const court = await oidc.discovery(
  new URL(given.issuer),
  given.court,
  {
    authorization_signed_response_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    userinfo_signed_response_alg: 'ES256',
  },
  oidc.PrivateKeyJwt({ key, kid: given.bank.kid }),
  insecure,
)
const opening = await crypto.subtle.importKey(
  'jwk', given.opening, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'],
)
oidc.useJwtResponseMode(court)
oidc.enableDecryptingResponses(court, ['A256GCM'], { key: opening, kid: 'open-1' })
const courtDPoP = oidc.getDPoPHandle(court, await oidc.randomDPoPKeyPair())
const verifier = oidc.randomPKCECodeVerifier()
const courtChecks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() }
const wish = {
  redirect_uri: given.redirect,
  scope: 'openid',
  claims: JSON.stringify({
    userinfo: {
      verified_claims: {
        verification: { trust_framework: { value: 'urn:city:real-name' } },
        claims: { name: null, birthdate: null },
      },
    },
  }),
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state: courtChecks.expectedState,
  nonce: courtChecks.expectedNonce,
}
const unsigned = await refusal(oidc.buildAuthorizationUrlWithPAR(court, wish, { DPoP: courtDPoP }))
const signed = await oidc.buildAuthorizationUrlWithJAR(court, wish, { key, kid: given.bank.kid })
const courtPage = await visit(await oidc.buildAuthorizationUrlWithPAR(court, signed.searchParams, { DPoP: courtDPoP }))
const courtBack = new URL((await visit(await approve(courtPage.to.split('/').at(-1)))).to)
const courtTokens = await oidc.authorizationCodeGrant(court, courtBack, courtChecks, undefined, { DPoP: courtDPoP })
const told = await oidc.fetchUserInfo(court, courtTokens.access_token, courtTokens.claims().sub, { DPoP: courtDPoP })

// The same once more, with jose alone.
const keys = jose.createRemoteJWKSet(new URL(court.serverMetadata().jwks_uri))
const response = await jose.jwtVerify(courtBack.searchParams.get('response'), keys, {
  issuer: given.issuer, audience: given.court,
})
const opened = await jose.compactDecrypt(courtTokens.id_token, opening)
const { epk, ...encrypted } = opened.protectedHeader
const inner = await jose.jwtVerify(new TextDecoder().decode(opened.plaintext), keys, { issuer: given.issuer })
saw.court = {
  answered: [...courtBack.searchParams.keys()],
  response: { alg: response.protectedHeader.alg, aud: response.payload.aud, iss: response.payload.iss },
  unsigned,
  encrypted,
  idToken: inner.payload.aud,
  verified: told.verified_claims.claims,
  framework: told.verified_claims.verification.trust_framework,
}

// --- signing out

const out = oidc.buildEndSessionUrl(bank, {
  id_token_hint: tokens.id_token, post_logout_redirect_uri: given.signedOut, state: 'bye',
})
saw.signedOut = (await visit(out)).to
const late = await pushed({ prompt: 'none' })
saw.afterSignOut = new URL((await visit(late.url)).to).searchParams.get('error')

await oidc.tokenRevocation(bank, renewed.refresh_token ?? tokens.refresh_token)
saw.afterRevocation = (await oidc.tokenIntrospection(bank, renewed.access_token)).active

console.log(JSON.stringify(saw))
