"""Guides for the people who connect: what they must know, what is asked for, who may approve.

https://learn.microsoft.com/entra/fundamentals/how-to-find-tenant,
https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent,
https://learn.microsoft.com/entra/identity/enterprise-apps/configure-user-consent,
https://learn.microsoft.com/graph/permissions-reference,
https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread
"""

from fairlead.model.guide import Guide, GuideSection

#: anchors that the forms' fields point to
TENANT_ID, TENANT_NAME, CREDENTIALS = "tenant-id", "tenant-name", "credentials"
CERTIFICATE_SECTION = "certificate"

_TENANT_ID = GuideSection(
    TENANT_ID,
    "Find the tenant ID",
    paragraphs=(
        (
            "The tenant ID is the number of your organisation in Microsoft 365: 32 letters and "
            "digits in five groups, like 00000000-0000-0000-0000-000000000000. A domain that your "
            "organisation owns there, like contoso.onmicrosoft.com, serves as well."
        ),
    ),
    steps=(
        (
            "Sign in to the Microsoft Entra admin center, entra.microsoft.com. Any account of "
            "your organisation that may open it will do."
        ),
        "Open Overview (under Entra ID).",
        "Copy what stands beside Tenant ID.",
    ),
    links={
        "Microsoft: how to find your tenant ID": (
            "https://learn.microsoft.com/entra/fundamentals/how-to-find-tenant"
        )
    },
)
_TENANT_NAME = GuideSection(
    TENANT_NAME,
    "Find the tenant name",
    paragraphs=(
        (
            "Open SharePoint in a browser and look at the address: in "
            "https://contoso.sharepoint.com/sites/marketing, the name is contoso. In the address "
            "of your OneDrive it stands before -my: of contoso-my.sharepoint.com, too, it is "
            "contoso."
        ),
        "It may differ from your company's name and from the domain of your e-mail.",
    ),
)
_ASKED = GuideSection(
    "permissions",
    "What is asked for, and why",
    paragraphs=(
        (
            "Microsoft shows you the list before you agree. It depends on how the app was set up; "
            "these are the usual ones."
        ),
    ),
    terms={
        "Read items in all site collections (Sites.Read.All)": (
            "To list your sites, libraries, lists and pages, and to read what is in them. Only "
            "what you can open yourself can be read this way."
        ),
        "Read all files that you have access to (Files.Read.All)": (
            "To read documents, with their versions and who they are shared with."
        ),
        "Edit items or files (…ReadWrite.All)": (
            "Only if the app also uploads, changes or shares something for you."
        ),
        "Sign you in and read your profile (User.Read)": "To show whose account is connected.",
        "Maintain access to data you have given it access to (offline_access)": (
            "To go on working while you are away, until you or an administrator withdraws access."
        ),
    },
)
_APPROVAL = GuideSection(
    "approval",
    "Who may approve",
    paragraphs=(
        (
            "In many organisations people may not approve apps themselves. Then you see “Need "
            "admin approval” when you sign in, and after it a page here with a link. Send this "
            "link to an administrator. You can keep the page open: it goes on by itself."
        ),
    ),
)
_ADMIN = GuideSection(
    "administrators",
    "For administrators",
    paragraphs=(
        (
            "Approving takes one of the roles Privileged Role Administrator, Cloud Application "
            "Administrator or Application Administrator; permissions for apps that act without a "
            "user may need the first. You approve for the whole organisation, and nobody is asked "
            "again."
        ),
    ),
    steps=(
        "Open the link that you were sent, and sign in with your administrator's account.",
        "Compare the app's name and publisher with what you expect, and read the permissions.",
        "Choose Accept. You come back to a page that says the app is approved.",
    ),
    links={
        "Microsoft: grant tenant-wide admin consent": (
            "https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent"
        )
    },
)
_WITHDRAW = GuideSection(
    "withdraw",
    "Withdraw access",
    steps=(
        (
            "For yourself: sign in to myapps.microsoft.com, find the app, open its menu, choose "
            "Manage your application, then Revoke permissions."
        ),
        (
            "For the whole organisation: in the Microsoft Entra admin center open Enterprise "
            "applications, then the app, then Permissions to review them, or Properties to "
            "disable it."
        ),
    ),
)

SIGN_IN = Guide(
    "You sign in at Microsoft with your work account and agree to what the app asks for. Your "
    "password stays with Microsoft.",
    (
        GuideSection(
            "before",
            "What you need",
            paragraphs=(
                (
                    "A work or school account with Microsoft 365. Personal accounts (outlook.com, "
                    "hotmail.com) have no SharePoint."
                ),
                (
                    "You are asked for a tenant only if the app belongs to one organisation; most "
                    "people just sign in."
                ),
            ),
            steps=(
                "Choose Continue. Microsoft's sign-in page opens.",
                "Choose or enter your work account.",
                "Read what is asked for, and accept.",
            ),
        ),
        _ASKED,
        _APPROVAL,
        _ADMIN,
        _TENANT_ID,
        _WITHDRAW,
    ),
)

_REGISTRATION = GuideSection(
    CREDENTIALS,
    "Register the app and make its credentials",
    paragraphs=("An administrator does this once, in the Microsoft Entra admin center.",),
    steps=(
        (
            "Open App registrations and choose New registration. Give it a name; it needs no "
            "redirect URI."
        ),
        "On its Overview copy Application (client) ID: that is the client ID.",
        (
            "Under API permissions choose Add a permission, Application permissions, and add what "
            "the product tells you to, usually Sites.Read.All of Microsoft Graph. For "
            "SharePoint's own API add the same permission of SharePoint."
        ),
        "Choose Grant admin consent.",
        (
            "Under Certificates & secrets upload the public part of a certificate (.cer or .pem), "
            "or make a client secret and copy its Value, not its ID."
        ),
    ),
    links={
        "Microsoft: register an application": (
            "https://learn.microsoft.com/entra/identity-platform/quickstart-register-app"
        )
    },
)
_CERTIFICATE = GuideSection(
    CERTIFICATE_SECTION,
    "Secret or certificate",
    paragraphs=(
        (
            "A client secret is enough for Microsoft Graph. SharePoint's own API accepts apps "
            "only with a certificate."
        ),
        (
            "Upload the certificate with its private key as a .pfx file, or paste both as PEM. "
            "They are kept encrypted and never shown again. Note when they expire: you will need "
            "new ones."
        ),
    ),
)
_APP_ASKED = GuideSection(
    "permissions",
    "What is asked for, and why",
    paragraphs=(
        (
            "The app acts for itself, without a user: what its permissions say, it may do in the "
            "whole organisation."
        ),
    ),
    terms={
        "Sites.Read.All": "To read all sites, their libraries, lists, pages and files.",
        "Sites.Selected": (
            "Instead: only the sites that an administrator lets the app into, one by one. Nothing "
            "can be read until that is done."
        ),
        "Sites.ReadWrite.All": "Only if the product also changes something.",
    },
)

APP_ONLY = Guide(
    "The product connects as an app of your organisation, not as one of its people. An "
    "administrator registers the app and fills in its credentials.",
    (_TENANT_ID, _REGISTRATION, _CERTIFICATE, _APP_ASKED, _ADMIN),
)
CERTIFICATE = Guide(
    "The product calls SharePoint's own API as an app of your organisation that proves itself by "
    "a certificate. An administrator registers the app and uploads the certificate.",
    (_TENANT_ID, _TENANT_NAME, _REGISTRATION, _CERTIFICATE, _APP_ASKED, _ADMIN),
)
