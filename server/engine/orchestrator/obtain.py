"""Packages that a plan asks for, tried before anything is written with them: a model invents names."""

from collections.abc import Collection

from ..errors import SandboxError
from ..sandbox import PackageMissing
from ..types import Plan
from ..validation.packages.distributions import canonical
from ..validation.packages.folders import Packages, requirements


async def without_invented(plan: Plan, asked: Collection[str], packages: Packages) -> tuple[Plan, list[str]]:
    """The plan without packages that no index has, and what is to be said of each.

    Those that the brief itself asks for (`asked`) stay in it: what is missing is then the user's to decide.
    What could not be found out is left to the steps that need the packages.
    """
    known = {canonical(name) for name in asked}
    said: list[str] = []
    while plan.packages:
        try:
            await packages.folder(requirements(plan.packages))
        except PackageMissing as error:
            missing = canonical(error.package)
            kept = tuple(name for name in plan.packages if canonical(name) != missing)
            if len(kept) == len(plan.packages):
                break  # what one of them needs, or what its tests do
            if missing in known:
                said.append(f"{error.cause}, but the brief asks for it")
                break
            said.append(f"{error.cause}; the model made it up, and the project is written without it")
            plan = plan.model_copy(update={"packages": kept})
        except SandboxError:
            break
        else:
            break
    return plan, said
