"""Requests that get no answer, and how the client is told."""

from collections.abc import Mapping

from starlette.responses import JSONResponse


class RefusalError(Exception):
    """A request that is not answered; becomes a JSON body of the shape that OpenAI's clients understand."""

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse.

        Args:
            status: HTTP's.
            message: what is wrong; never words of the chat.
            param: the part of the request that is meant, as `messages.0.role`.
            code: OpenAI's name for it, if it has one.
            headers: further ones of the response.
        """
        super().__init__(message)
        self.status, self.message, self.param, self.code, self.headers = status, message, param, code, headers

    def response(self) -> JSONResponse:
        """What the client gets."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return JSONResponse({"error": error}, self.status, self.headers)
