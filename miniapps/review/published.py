"""Which call of the bridge needs which permission, which fields of the graph a permission opens, and which files are
published forms of @citytong/sdk.

Made by `make contract` of sdk/contract/bridge.schema.json, of the city's table of scopes and of sdk/js/published.json;
not to be changed by hand.
"""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# fmt: off
# By method: every permission that one way of calling it needs.
CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    "login": ("city.user.openid",),
    "checkSession": ("city.user.openid",),
    "getLaunchToken": ("city.user.openid",),
    "getUserProfile": ("city.user.profile",),
    "getPhoneNumber": ("city.user.phone",),
    "getLocation": ("city.device.location.fuzzy", "city.device.location"),
    "scanCode": ("city.device.camera",),
    "chooseMedia": ("city.device.album", "city.device.camera"),
    "saveImageToAlbum": ("city.device.album",),
    "setClipboardData": ("city.device.clipboard",),
    "getClipboardData": ("city.device.clipboard",),
    "requestPayment": ("city.pay",),
    "requestSubscribeMessage": ("city.message.subscribe",),
}
SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "city.data.name": ("Citizen.name",),
    "city.data.masked_name": ("Citizen.maskedName",),
    "city.data.phone": ("Citizen.phone",),
    "city.data.masked_phone": ("Citizen.maskedPhone",),
    "city.data.real_name_level": ("Citizen.realNameLevel",),
    "city.data.home_district": ("Citizen.homeDistrict",),
    "city.data.city_code": ("Citizen.cityCode", "CityCode.text", "CityCode.issuedAt", "CityCode.expiresAt", "CityCode.lifetimeS"),
    "city.data.scans": ("Citizen.scans", "Scan.id", "Scan.at", "Scan.purpose", "Scan.purposeLabel", "Scan.scanner", "StaffCard.organisation", "StaffCard.badge"),
    "city.data.health": ("Citizen.healthStatus", "HealthStatus.colour", "HealthStatus.label", "HealthStatus.reason", "HealthStatus.advice", "HealthStatus.basis", "HealthStatus.rulesVersion", "HealthStatus.computedAt", "HealthStatus.validUntil", "HealthBasis.kind", "HealthBasis.label", "HealthBasis.at"),
    "city.data.developer": ("Query.developer", "Query.developerApp", "Query.developerDevices", "Query.testCitizens", "Query.testCitizen", "Query.miniVersion", "Query.organisations", "Organisation.id", "Organisation.name", "Organisation.member", "OrganisationMember.role", "Developer.id", "Developer.organisations", "Developer.sandbox", "DeveloperOrganisation.id", "DeveloperOrganisation.name", "DeveloperOrganisation.kind", "DeveloperOrganisation.verified", "DeveloperOrganisation.blocked", "DeveloperOrganisation.ratedBecause", "DeveloperOrganisation.role", "DeveloperOrganisation.rating", "DeveloperOrganisation.keys", "DeveloperOrganisation.apps", "DeveloperOrganisation.members", "DeveloperOrganisation.invitations", "DeveloperRating.grade", "DeveloperRating.score", "DeveloperRating.reasons", "DeveloperRating.appsMax", "DeveloperRating.submissionsPerDay", "DeveloperRating.rolloutBeginsPercentMax", "DeveloperMember.id", "DeveloperMember.role", "DeveloperInvitation.id", "DeveloperInvitation.developer", "DeveloperInvitation.role", "DeveloperInvitation.expiresAt", "DeveloperInvitation.declined", "DeveloperKey.id", "DeveloperKey.jwk", "DeveloperKey.use", "DeveloperKey.addedAt", "DeveloperKey.retiresAt", "DeveloperDevice.id", "DeveloperDevice.organisation", "DeveloperDevice.since", "DeveloperDevice.usedAt", "DeveloperApp.appId", "DeveloperApp.quotas", "DeveloperApp.filings", "DeveloperApp.statistics", "DeveloperApp.logs", "DeveloperApp.versions", "DeveloperApp.testers", "DeveloperApp.name", "DeveloperApp.category", "DeveloperApp.organisation", "DeveloperApp.domains", "DeveloperApp.backendKeys", "DeveloperApp.publishers", "DeveloperApp.publisherIssuers", "TrustedPublisher.id", "TrustedPublisher.issuer", "TrustedPublisher.claims", "TrustedPublisher.addedAt", "TrustedPublisher.lastUsedAt", "DeveloperApp.webhook", "AppWebhook.url", "AppWebhook.state", "AppWebhook.setAt", "AppWebhook.failingSince", "AppWebhook.disabledAt", "DeveloperApp.webhookDeliveries", "AppWebhookDeliveryConnection.nodes", "AppWebhookDeliveryConnection.pageInfo", "AppWebhookDelivery.id", "AppWebhookDelivery.type", "AppWebhookDelivery.state", "AppWebhookDelivery.attempts", "AppWebhookDelivery.lastStatus", "AppWebhookDelivery.createdAt", "AppWebhookDelivery.nextAt", "DeveloperApp.templates", "MiniTemplate.name", "MiniTemplate.written", "MiniTemplate.handedIn", "MiniTemplate.approved", "MiniTemplate.state", "MiniTemplate.refusedBecause", "MiniTemplate.bannedBecause", "MiniWords.title", "MiniWords.body", "MiniWords.titles", "MiniWords.bodies", "AppDomain.id", "AppDomain.domain", "AppDomain.state", "AppDomain.method", "AppDomain.token", "AppDomain.dnsName", "AppDomain.wellKnownUrl", "MiniVersion.id", "MiniVersion.appId", "MiniVersion.versionName", "MiniVersion.versionCode", "MiniVersion.state", "MiniVersion.packageSha256", "MiniVersion.bytes", "MiniVersion.notes", "MiniVersion.createdAt", "MiniVersion.notBefore", "MiniVersion.asked", "MiniVersion.granted", "MiniVersion.findings", "MiniVersion.steps", "MiniVersion.rollout", "MiniVersion.origin", "MiniVersionOrigin.publisher", "MiniVersionOrigin.issuer", "MiniVersionOrigin.claims", "MiniVersion.difference", "MiniVersionDifference.manifest", "MiniVersionDifference.permissions", "MiniVersionDifference.domains", "MiniVersionDifference.operations", "MiniVersionDifference.files", "MiniVersionDifference.cut", "MiniManifestChange.name", "MiniManifestChange.before", "MiniManifestChange.after", "MiniSides.added", "MiniSides.removed", "MiniFileChange.path", "MiniFileChange.before", "MiniFileChange.after", "MiniFileChange.lines", "MiniFinding.rule", "MiniFinding.severity", "MiniFinding.path", "MiniFinding.line", "MiniFinding.column", "MiniFinding.message", "MiniFinding.advice", "MiniFinding.docs", "MiniFinding.by", "MiniVersionStep.act", "MiniVersionStep.state", "MiniVersionStep.by", "MiniVersionStep.at", "MiniVersionStep.note", "MiniRollout.percent", "MiniRollout.cohort", "MiniRollout.paused", "MiniRollout.versionCode", "MiniQuota.name", "MiniQuota.perDay", "MiniQuota.used", "MiniFiling.appId", "MiniFiling.district", "MiniFiling.state", "MiniFiling.askedAt", "MiniFiling.decidedAt", "MiniFiling.note", "MiniVersionConnection.nodes", "MiniVersionConnection.pageInfo", "MiniLogConnection.nodes", "MiniLogConnection.pageInfo", "MiniDay.day", "MiniDay.opens", "MiniDay.people", "MiniDay.versions", "MiniDay.errors", "MiniDay.events", "MiniDay.blocked", "MiniLog.id", "MiniLog.level", "MiniLog.at", "MiniLog.versionCode", "MiniLog.text", "MiniLog.code", "Mutation.registerDeveloper", "Mutation.registerApp", "Mutation.addDeveloperKey", "Mutation.rotateDeveloperKey", "Mutation.retireDeveloperKey", "Mutation.addAppKey", "Mutation.rotateAppKey", "Mutation.retireAppKey", "Mutation.inviteDeveloperMember", "Mutation.withdrawDeveloperInvitation", "Mutation.changeDeveloperMember", "Mutation.removeDeveloperMember", "Mutation.approveDeveloperDevice", "Mutation.denyDeveloperDevice", "Mutation.endDeveloperDevice", "Mutation.addTrustedPublisher", "Mutation.removeTrustedPublisher", "Mutation.proveDomain", "Mutation.checkDomain", "TestCitizen.id", "TestCitizen.name", "TestCitizen.phone", "TestCitizen.idNumber", "TestCitizen.bornOn", "TestCitizen.age", "TestCitizen.homeDistrict", "TestCitizen.realNameLevel", "TestCitizen.createdAt", "TestCitizen.signInCode", "TestSignInCode.code", "TestSignInCode.expiresAt", "Mutation.createTestCitizen", "Mutation.resetTestCitizen", "Mutation.removeTestCitizen", "Mutation.submitVersion", "Mutation.withdrawVersion", "Mutation.tryVersion", "Mutation.startRollout", "Mutation.changeRollout", "Mutation.pauseRollout", "Mutation.resumeRollout", "Mutation.promoteVersion", "Mutation.rollBack", "Mutation.revokeVersion", "Mutation.inviteTester", "Mutation.setWebhook", "Mutation.replayWebhookDelivery", "Mutation.testWebhook", "Mutation.setMiniTemplate", "Mutation.fileWithDistrict"),
}
OPEN: Final = frozenset({"Query.me"})
# SHA-256 (hex) of every file of every version.
KIT: Final = frozenset(
    {
        "f0109427ca1e50572784dd584c1fc7d0189ea184674b34e7cc94148952482305",  # 1.0.0 index.js
        "2e0d4c8ec98bd35dab4f7d2d713deb9f5bad1e4e5c68164e37c72ef6e5fec6ad",  # 1.0.0 wx.js
        "0d35c5455eedf7b1f625bbaca4ad4dea57d34aa5a902f11462067218394bf4b9",  # 1.0.0 testing.js
    }
)
