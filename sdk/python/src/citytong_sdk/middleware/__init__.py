"""Who asks a program's backend, before its own code runs: for ASGI (Litestar, Starlette, FastAPI) and WSGI (Flask,
Django).

A program's front end sends `Authorization: MP <launch token>` with each request (`mp.fetch` does). The middleware
checks it and says who it is: `current_session()`. Without a good token the answer is 401, and the app is not asked.

Other origins: a program runs in an opaque frame, so its browser says `Origin: null`, as any sandboxed page in the
world can. So the origin proves nothing here and is not asked: every origin may send requests
(`Access-Control-Allow-Origin: *`) and the token alone says who it is. That is safe as long as nothing else does:
credentials of the browser (cookies, client certificates) are never allowed (no `Access-Control-Allow-Credentials`),
so a stranger's page can send no more than a stranger's program could. Do not sign citizens in by a cookie on these
paths.
"""

from .asgi import CityTongMiddleware
from .session import current_session, session_or_none
from .wsgi import CityTongWSGIMiddleware

__all__ = ["CityTongMiddleware", "CityTongWSGIMiddleware", "current_session", "session_or_none"]
