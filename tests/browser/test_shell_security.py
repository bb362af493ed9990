"""What an account is proven with, by the shell's pages: made, used as a second step, asked for again; two screens."""

from __future__ import annotations

import time

import pyotp
from playwright.async_api import Page, Route, expect

from tests.browser.shell_phone import NewPhone, Phone, answer, operation

SOMEBODY = "13700000051"
PASSWORD = "正确 horse 电池 staple"


async def looked_at(phone: Phone) -> None:
    """In elder mode, so that the least target is the largest."""
    assert await phone.violations() == []
    assert await phone.small_targets(60) == []
    assert await phone.overflow_px() == 0


async def arrive(page: Page, words: str) -> None:
    await expect(page.locator("h1")).to_have_text(words)


async def test_a_password_an_app_and_recovery_codes_from_first_to_last(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in=SOMEBODY, prefs={"mode": "elder"})
    page = phone.page
    await phone.open("/me", ready=".person")
    await page.get_by_role("link", name="安全").click()
    standing = page.get_by_test_id("standing")
    await expect(standing).to_contain_text("一步登录")

    # A password: too short, one that everybody uses, a good one.
    await page.get_by_role("link", name="密码").last.click()
    await page.fill("#password", "kurz")
    await page.keyboard.press("Enter")
    trouble = page.get_by_test_id("trouble")
    await expect(trouble).to_have_attribute("data-code", "CLIENT_PASSWORD_SHORT")
    await page.fill("#password", "password1234")
    await page.keyboard.press("Enter")
    await expect(trouble).to_have_attribute("data-code", "AUTH_PASSWORD_REFUSED")
    await expect(page.locator("#password")).to_be_focused()
    await page.get_by_role("button", name="显示").click()
    await expect(page.locator("#password")).to_have_attribute("type", "text")
    await looked_at(phone)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-testid=ways-in]")

    # An app: its secret beside the picture, a wrong code, the right one, and codes that are shown once.
    await page.get_by_role("link", name="身份验证器").click()
    await page.get_by_test_id("begin-app").click()
    secret = (await page.get_by_test_id("secret").inner_text()).replace(" ", "")
    await looked_at(phone)
    await page.fill("#app-code", "000000")
    await expect(trouble).to_have_attribute("data-code", "AUTH_PROOF_WRONG")
    await page.fill("#app-code", pyotp.TOTP(secret).now())
    codes = page.get_by_test_id("recovery-codes").get_by_role("listitem")
    await expect(codes).to_have_count(10)
    recovery = await codes.first.inner_text()
    await looked_at(phone)
    await page.get_by_test_id("kept").click()
    await expect(page.get_by_role("alert")).to_contain_text("请先保存恢复码")
    await page.get_by_role("checkbox", name="我已保存好").check()
    await page.get_by_test_id("kept").click()
    await expect(standing).to_contain_text("两步登录")
    await expect(page.get_by_test_id("ways-in")).to_contain_text("还剩 10 个")

    # In again, by the password and a second step, which reload and a change of mind do not lose.
    await phone.open("/me", ready=".person")
    await page.get_by_role("button", name="退出登录").click()
    await page.get_by_test_id("confirm").click()
    await page.get_by_role("link", name="密码").click()
    await page.fill("#phone", SOMEBODY)
    await page.fill("#password", "not the password")
    await page.keyboard.press("Enter")
    await expect(trouble).to_have_attribute("data-code", "AUTH_PASSWORD_WRONG")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await arrive(page, "还差一步")
    await expect(page.get_by_test_id("time-left")).to_contain_text("还剩 5 分钟")
    await page.reload()
    await page.fill("#proof", "000000")
    await expect(trouble).to_have_attribute("data-code", "AUTH_PROOF_WRONG")
    await expect(page.locator("#proof")).to_have_value("")
    await looked_at(phone)
    await page.get_by_role("button", name="恢复码").click()
    await expect(page.locator("#proof")).to_be_focused()
    await page.fill("#proof", recovery.lower())
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".bricks")
    assert await page.evaluate("sessionStorage.length") == 0
    await phone.open("/security/recovery", ready="[data-testid=codes-left]")
    await expect(page.get_by_test_id("codes-left")).to_contain_text("还剩 9 个恢复码")

    # What the city wants proven again: no leaves all as it was, and a proof has it done, once.
    asked: list[str] = []

    async def once_more(route: Route) -> None:
        name = operation(route.request)
        asked.append(name)
        if name == "RemovePassword" and asked.count(name) in (1, 2):
            body = answer(code="STEP_UP_REQUIRED", max_age_s=300, strong=True)
            await route.fulfill(body=body, content_type="application/json", status=403)
        else:
            await route.continue_()

    await page.route("**/graphql", once_more)
    await phone.open("/security/password", ready="[data-testid=remove]")
    for proven in (False, True):
        await page.get_by_test_id("remove").click()
        await page.get_by_test_id("confirm").click()
        sheet = page.get_by_test_id("step-up")
        await expect(sheet.locator("[data-way]")).to_have_text(["恢复码"])
        await looked_at(phone)
        if not proven:
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await expect(page.get_by_test_id("remove")).to_have_text("移除密码")
            await expect(trouble).to_have_count(0)
    # The step of a moment ago is used up; the next one is good already.
    await page.fill("#proof", pyotp.TOTP(secret).at(int(time.time()) + 30))
    await expect(page.get_by_test_id("password-stands")).to_contain_text("密码不是必需的")
    assert asked.count("StepUp") == 1 and asked.count("RemovePassword") == 3
    assert [fault for fault in phone.faults if "status of 4" not in fault] == []


async def test_another_screen_is_let_in_by_its_number(new_phone: NewPhone) -> None:
    phone = await new_phone(signed_in="13700000052", prefs={"mode": "elder"}, watched=True)
    screen = await new_phone(prefs={"locale": "en"}, viewport={"width": 1280, "height": 800})
    await screen.open("/sign-in/screen")
    for number_is_right in (False, True):
        await screen.page.wait_for_selector("[data-testid=link-code]")
        to = await screen.page.get_by_test_id("link-code").get_attribute("data-to")
        number = await screen.page.get_by_test_id("link-number").inner_text()
        assert to is not None and to.startswith(f"{phone.base}/#/link/")
        # The phone's own scanner knows the code for what it is.
        await phone.open("/scan", ready="#paste")
        await phone.page.fill("#paste", to)
        await phone.page.get_by_test_id("verify").click()
        await expect(phone.page.get_by_test_id("screen-asks")).to_contain_text("本地网络")
        yes = phone.page.get_by_test_id("confirm")
        await expect(yes).to_be_enabled()
        await yes.click()
        await expect(phone.page.get_by_role("alert")).to_contain_text("请先选择屏幕上的数字")
        await looked_at(phone)
        choices = phone.page.get_by_role("radio")
        numbers = [await one.get_attribute("value") for one in await choices.all()]
        assert len(numbers) == 3 and number in numbers
        picked = number if number_is_right else next(one for one in numbers if one != number)
        await phone.page.get_by_role("radio", name=str(picked)).check()
        await yes.click()
        verdict = phone.page.get_by_test_id("link-verdict")
        await expect(verdict).to_have_attribute("data-tone", "ok" if number_is_right else "stop")
        await looked_at(phone)
        if not number_is_right:
            await expect(screen.page.get_by_test_id("link-over")).to_contain_text("The phone said no")
            assert await screen.violations() == []
            await screen.page.get_by_role("button", name="Show a new code").click()
    await screen.page.wait_for_selector(".bricks")
    # A code is good once.
    await phone.page.reload()
    await expect(phone.page.get_by_test_id("problem")).to_have_attribute("data-code", "AUTH_LINK_EXPIRED")
    # The screen stands among the devices, and is signed out from here.
    await phone.open("/security/devices", ready="[data-testid=gear-one]")
    await looked_at(phone)
    await phone.page.get_by_role("button", name="退出其他所有登录").click()
    await phone.page.get_by_test_id("confirm").click()
    await expect(phone.page.locator("#announce")).to_have_text("已结束 1 处登录")
    await screen.page.reload()
    await screen.page.wait_for_selector("#phone")
    # Another number: its code is on the way, and it is called off.
    await phone.open("/security/phone", ready="#new-phone")
    await phone.page.fill("#new-phone", "13700000059")
    await phone.page.keyboard.press("Enter")
    await phone.page.wait_for_selector("#new-code")
    await looked_at(phone)
    await phone.page.get_by_test_id("call-off").click()
    await phone.page.wait_for_selector("#new-phone")
    assert phone.strangers == []
