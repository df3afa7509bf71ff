# PowerShell completion for escalate (Windows PowerShell 5.1 and later). Print it with: escalate completion powershell
#
# Write a group in quotes ('@team): a bare @ begins something of PowerShell's own, which it completes itself.

Register-ArgumentCompleter -Native -CommandName escalate, escalate.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($wordToComplete)
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -lt $cursorPosition) {
            $words += $element.Extent.Text
        }
    }
    $encoding = [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = [System.Text.UTF8Encoding]::new($false)
        $env:ESCALATE_COMPLETE = $words -join "`n" # by the environment, as quotes get lost on the way to a program
        $program = Get-Command escalate -CommandType Application -ErrorAction Stop | Select-Object -First 1
        & $program __complete powershell 2>$null | ForEach-Object {
            $text, $listed, $tip = $_ -split "`t", 3
            [System.Management.Automation.CompletionResult]::new($text, $listed, 'ParameterValue', $tip)
        }
    } catch {
        # A TAB that finds nothing does nothing.
    } finally {
        Remove-Item Env:ESCALATE_COMPLETE -ErrorAction SilentlyContinue
        [Console]::OutputEncoding = $encoding
    }
}
