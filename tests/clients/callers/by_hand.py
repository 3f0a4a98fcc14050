"""What a caller does by hand where its client has no parameter for it."""

import base64
import ssl


def context(verify=True, ca=None, certificate=None, minimum_tls=None):
    """A fresh context, made as the documentation of `ssl` shows."""
    context = ssl.create_default_context(cafile=ca)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate)
    if minimum_tls is not None:
        context.minimum_version = ssl.TLSVersion[minimum_tls]
    return context


def fields(headers=None, cookies=None, auth=None):
    """Header fields with cookies and credentials among them (RFC 6265, 4.2; RFC 7617)."""
    fields = dict(headers or {})
    if cookies:
        fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    if auth:
        fields["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
    return fields
